import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";

/** Who people log in with: an OpenID Connect issuer, as far as an API server asks for one. */
export interface LoginIssuer {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** A token that is good for an hour, signed by the issuer's key unless `forged`. */
  token(claims: Readonly<Record<string, unknown>>, options?: { readonly forged?: boolean }): string;
  stop(): Promise<void>;
}

const keyOptions = { modulusLength: 2048 };
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Starts an issuer whose certificate is the given one. */
export async function startLoginIssuer(tls: {
  readonly certificate: string;
  readonly key: string;
}): Promise<LoginIssuer> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", keyOptions);
  const stranger = generateKeyPairSync("rsa", keyOptions).privateKey;
  const header = { alg: "RS256", typ: "JWT", kid: "one" };
  const server = createServer({ cert: tls.certificate, key: tls.key }, (request, response) => {
    const answers: Readonly<Record<string, object>> = {
      "/.well-known/openid-configuration": {
        issuer: url,
        jwks_uri: `${url}/keys`,
        response_types_supported: ["id_token"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      },
      "/keys": {
        keys: [{ ...publicKey.export({ format: "jwk" }), kid: header.kid, alg: "RS256", use: "sig" }],
      },
    };
    const answer = answers[request.url ?? ""];
    response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    token(claims, { forged = false } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const body = `${encode(header)}.${encode({ iss: url, sub: "1", iat: now, exp: now + 3600, ...claims })}`;
      const signature = sign("sha256", Buffer.from(body), forged ? stranger : privateKey);
      return `${body}.${signature.toString("base64url")}`;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
