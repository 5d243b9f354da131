import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, request as send } from "node:https";
import type { AddressInfo } from "node:net";

/** Stands between helm and the API server for one run. */
export interface InterruptingProxy {
  readonly server: string;
  stop(): Promise<void>;
}

/**
 * Passes requests on until a new release record has been written, and then calls `onRecorded` in place of answering:
 * the moment at which a helm that is killed leaves a pending release behind.
 */
export async function startInterruptingProxy(options: {
  readonly server: string;
  readonly certificate: string;
  readonly key: string;
  readonly onRecorded: () => void;
}): Promise<InterruptingProxy> {
  const { server, certificate, key, onRecorded } = options;
  const proxy = createServer({ cert: certificate, key }, (request, response) => {
    const pass = (answer: IncomingMessage) => {
      if (isNewRecord(request, answer)) return onRecorded();
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      return void answer.pipe(response);
    };
    const { method, headers } = request;
    const onward = send(`${server}${request.url}`, { method, headers, ca: certificate }, pass);
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    server: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    async stop() {
      proxy.close();
      proxy.closeAllConnections();
      await once(proxy, "close");
    },
  };
}

function isNewRecord(request: IncomingMessage, answer: IncomingMessage): boolean {
  const path = new URL(request.url ?? "/", "https://server").pathname;
  return request.method === "POST" && path.endsWith("/secrets") && answer.statusCode === 201;
}
