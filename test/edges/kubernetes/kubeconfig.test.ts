import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCredentials } from "../../../src/edges/kubernetes/credentials.ts";
import { findConnection } from "../../../src/edges/kubernetes/kubeconfig.ts";
import { OperationError } from "../../../src/errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "woow-kubeconfig-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Entry {
  readonly server?: string;
  readonly cluster?: object;
  readonly user?: object;
}

function write(name: string, contexts: Readonly<Record<string, Entry>>, current?: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  const entries = Object.entries(contexts);
  writeFileSync(
    path,
    JSON.stringify({
      clusters: entries.map(([one, { server = `https://${one}.example`, cluster }]) => ({
        name: one,
        cluster: { server, ...cluster },
      })),
      users: entries.map(([one, { user = { token: `made-up-${one}` } }]) => ({ name: one, user })),
      contexts: entries.map(([one]) => ({ name: one, context: { cluster: one, user: one } })),
      ...(current === undefined ? {} : { "current-context": current }),
    }),
  );
  return path;
}

const refusal = (work: () => unknown): OperationError => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(OperationError);
    return error as OperationError;
  }
  throw new Error("it was not refused");
};

describe("which kubeconfig", () => {
  test("the flag, then KUBECONFIG, then ~/.kube/config, then the pod's ServiceAccount", () => {
    const flag = write("flag", { flag: {} }, "flag");
    const named = write("named", { named: {} }, "named");
    write("home/.kube/config", { home: {} }, "home");
    const serviceAccountFolder = join(folder, "sa");
    mkdirSync(serviceAccountFolder);
    writeFileSync(join(serviceAccountFolder, "token"), "made-up-token");
    const pod = { KUBERNETES_SERVICE_HOST: "10.43.0.1", KUBERNETES_SERVICE_PORT: "443" };
    const all = { ...pod, HOME: join(folder, "home"), KUBECONFIG: named };
    const find = (environment: Record<string, string>, kubeconfig?: string) =>
      findConnection({ environment, kubeconfig, serviceAccountFolder });

    expect(find(all, flag).name).toBe("flag");
    expect(find(all).name).toBe("named");
    expect(find({ ...all, KUBECONFIG: "" }).name).toBe("home");
    expect(find(pod)).toMatchObject({
      name: "in-cluster",
      cluster: { server: "https://10.43.0.1:443", caFile: join(serviceAccountFolder, "ca.crt") },
      user: { tokenFile: join(serviceAccountFolder, "token") },
    });
    expect(find({ ...pod, KUBERNETES_SERVICE_HOST: "fd00::1" }).cluster.server).toBe("https://[fd00::1]:443");
    expect(refusal(() => find({ HOME: folder })).code).toBe("not-found");
  });

  test("of several files the first to say something wins; one that is not there is passed over", () => {
    const first = write("first", { a: { server: "https://first.example" } });
    const second = write("second", { a: { server: "https://second.example" }, b: {} }, "b");
    const third = write("third", { c: {} }, "c");
    const KUBECONFIG = [join(folder, "gone"), first, second, third].join(delimiter);
    const find = (context?: string) => findConnection({ environment: { KUBECONFIG }, context });
    expect(find().name).toBe("b");
    expect(find("a").cluster.server).toBe("https://first.example");
    expect(find("c").user.token).toBe("made-up-c");
  });

  test("a file that was named and is not there is an error, not the next one", () => {
    write("home/.kube/config", { home: {} }, "home");
    const environment = { HOME: join(folder, "home") };
    const gone = join(folder, "gone");
    expect(refusal(() => findConnection({ environment, kubeconfig: gone }))).toMatchObject({
      code: "unreadable",
      subject: gone,
    });
    expect(refusal(() => findConnection({ environment: { ...environment, KUBECONFIG: gone } })).code).toBe(
      "unreadable",
    );
  });
});

describe("which context", () => {
  test("one that is not there: the error names those that are", () => {
    const kubeconfig = write("config", { prod: {}, dev: {} }, "prod");
    const error = refusal(() => findConnection({ environment: {}, kubeconfig, context: "prd" }));
    expect(error).toMatchObject({ code: "not-found", subject: "prd" });
    expect(error.hint).toContain("dev, prod");
  });

  test("none given and none current", () => {
    const kubeconfig = write("config", { prod: {} });
    expect(refusal(() => findConnection({ environment: {}, kubeconfig })).hint).toContain("prod");
  });

  test("one that names a cluster or user that is not there", () => {
    const path = join(folder, "config");
    const config = {
      clusters: [{ name: "c", cluster: { server: "https://c.example" } }],
      contexts: [
        { name: "no-cluster", context: { cluster: "gone", user: "u" } },
        { name: "no-user", context: { cluster: "c", user: "gone" } },
      ],
    };
    writeFileSync(path, JSON.stringify(config));
    for (const context of ["no-cluster", "no-user"]) {
      expect(refusal(() => findConnection({ environment: {}, kubeconfig: path, context })).subject).toBe(
        "gone",
      );
    }
  });

  test("a file that is no kubeconfig: its text, which may hold keys, is not quoted", () => {
    const path = join(folder, "config");
    writeFileSync(path, "users:\n- name: u\n  user:\n    token: made-up-canary\n   bad: [made-up-canary\n");
    const error = refusal(() => findConnection({ environment: {}, kubeconfig: path }));
    expect(error.code).toBe("unreadable");
    expect(JSON.stringify([error.message, error.hint, String(error.cause)])).not.toContain("canary");
    expect(error.message).toContain("line 5");
  });
});

describe("credentials", () => {
  const authorize = async (entry: Entry) => {
    const kubeconfig = write("config", { c: entry }, "c");
    const connection = findConnection({ environment: {}, kubeconfig });
    return createCredentials(connection, () => 0).authorize();
  };

  test("token, password, certificate, impersonation", async () => {
    expect((await authorize({ user: { token: "made-up" } })).headers).toEqual({
      Authorization: "Bearer made-up",
    });
    expect((await authorize({ user: { username: "u", password: "p" } })).headers).toEqual({
      Authorization: `Basic ${Buffer.from("u:p").toString("base64")}`,
    });
    const data = (text: string) => Buffer.from(text).toString("base64");
    const certified = await authorize({
      user: { "client-certificate-data": data("made-up cert"), "client-key-data": data("made-up key") },
    });
    expect([String(certified.cert), String(certified.key)]).toEqual(["made-up cert", "made-up key"]);
    const other = await authorize({ user: { token: "made-up", as: "bob", "as-groups": ["a", "b"] } });
    expect(other.headers).toMatchObject({ "Impersonate-User": "bob", "Impersonate-Group": ["a", "b"] });
  });

  test("files lie beside the kubeconfig; one that is gone is named", async () => {
    writeFileSync(join(folder, "cert.pem"), "made-up cert");
    writeFileSync(join(folder, "key.pem"), "made-up key");
    const user = { "client-certificate": "cert.pem", "client-key": "key.pem" };
    expect(String((await authorize({ user })).cert)).toBe("made-up cert");
    rmSync(join(folder, "cert.pem"));
    await expect(authorize({ user })).rejects.toMatchObject({
      code: "unreadable",
      subject: join(folder, "cert.pem"),
    });
  });

  test("a token file is read again after a minute", async () => {
    const path = join(folder, "token");
    writeFileSync(path, "made-up-1");
    const kubeconfig = write("config", { c: { user: { tokenFile: "token", token: "not-this" } } }, "c");
    let now = 0;
    const credentials = createCredentials(findConnection({ environment: {}, kubeconfig }), () => now);
    const token = async () => (await credentials.authorize()).headers["Authorization"];
    expect(await token()).toBe("Bearer made-up-1");
    writeFileSync(path, "made-up-2\n");
    expect(await token()).toBe("Bearer made-up-1");
    now = 60_001;
    expect(await token()).toBe("Bearer made-up-2");
  });

  test("a program beside the kubeconfig is asked, told the version, and asked again when refused", async () => {
    const program = join(folder, "login");
    const answer = `{"kind":"ExecCredential","status":{"token":"made-up-'$$'","clientCertificateData":"made-up cert","clientKeyData":"made-up key"}}`;
    writeFileSync(
      program,
      `#!/bin/sh\ncase "$KUBERNETES_EXEC_INFO" in *client.authentication.k8s.io/v1beta1*) ;; *) exit 3;; esac\n[ "$EXTRA" = yes ] || exit 4\necho '${answer}'\n`,
    );
    chmodSync(program, 0o755);
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1beta1",
      command: "./login",
      env: [{ name: "EXTRA", value: "yes" }],
    };
    const kubeconfig = write("config", { c: { user: { exec } } }, "c");
    const credentials = createCredentials(findConnection({ environment: {}, kubeconfig }), () => 0);
    const first = await credentials.authorize();
    expect(first.headers["Authorization"]).toMatch(/^Bearer made-up-\d+$/);
    expect([String(first.cert), String(first.key)]).toEqual(["made-up cert", "made-up key"]);
    expect(await credentials.authorize()).toBe(first);
    expect(credentials.renew()).toBe(true);
    expect((await credentials.authorize()).headers).not.toEqual(first.headers);
  });

  test("a program that fails is named with its last line", async () => {
    const program = join(folder, "login");
    writeFileSync(program, "#!/bin/sh\necho first >&2\necho 'session expired' >&2\nexit 1\n");
    chmodSync(program, 0o755);
    const user = { exec: { apiVersion: "client.authentication.k8s.io/v1", command: program } };
    const error = await authorize({ user }).catch((thrown: unknown) => thrown as OperationError);
    expect(error).toMatchObject({ code: "unauthorized" });
    expect((error as OperationError).message).toContain("session expired");
    expect((error as OperationError).message).not.toContain("first");
  });
});
