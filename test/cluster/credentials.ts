import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Who may speak to the API server from the start; `tester` may do nothing until a test gives it rights. */
export const users = {
  admin: { name: "admin", groups: ["system:masters"] },
  tester: { name: "tester", groups: [] },
  "kube-controller-manager": { name: "system:kube-controller-manager", groups: [] },
  "kube-scheduler": { name: "system:kube-scheduler", groups: [] },
  "helm-controller": { name: "helm-controller", groups: [] },
  kwok: { name: "kwok", groups: [] },
  runner: { name: "runner", groups: [] },
} as const satisfies Record<string, { readonly name: string; readonly groups: readonly string[] }>;

export type UserId = keyof typeof users;

/** A user who is needed in a test beside those every cluster has. */
export interface ExtraUser {
  readonly name: string;
  readonly groups?: readonly string[];
}

/** A token for every user, by the user's id. */
export type Tokens = ReadonlyMap<string, string>;

/** Makes tokens for all users and writes the API server's token file. */
export async function writeTokenFile(path: string, extra: readonly ExtraUser[]): Promise<Tokens> {
  const tokens = new Map<string, string>();
  const lines: string[] = [];
  const all = [
    ...Object.entries(users),
    ...extra.map(({ name, groups = [] }) => [name, { name, groups }] as const),
  ];
  for (const [id, { name, groups }] of all) {
    const token = randomBytes(24).toString("hex");
    tokens.set(id, token);
    lines.push([token, name, `uid-${id}`, groups.length > 0 ? `"${groups.join(",")}"` : ""].join(","));
  }
  await writeFile(path, `${lines.join("\n")}\n`, { mode: 0o600 });
  return tokens;
}

/** What a kubeconfig says. */
export interface KubeconfigOptions {
  readonly dir: string;
  readonly name: string;
  readonly server: string;
  readonly ca: string;
  readonly token: string;
}

/** Writes a kubeconfig whose one context is called `test`; gives its path. */
export async function writeKubeconfig(options: KubeconfigOptions): Promise<string> {
  const { dir, name, server, ca, token } = options;
  const path = join(dir, `${name}.kubeconfig`);
  const text = `apiVersion: v1
kind: Config
current-context: test
clusters:
  - name: test
    cluster:
      server: ${server}
      certificate-authority-data: ${Buffer.from(ca).toString("base64")}
users:
  - name: ${JSON.stringify(name)}
    user:
      token: ${token}
contexts:
  - name: test
    context:
      cluster: test
      user: ${JSON.stringify(name)}
`;
  await writeFile(path, text, { mode: 0o600 });
  return path;
}
