import { delimiter } from "node:path";
import { OperationError } from "../errors.ts";

/** How a git server is asked for access. */
export interface GitAccess {
  /** Private key of a deploy key, for ssh. */
  readonly keyFile?: string | undefined;
  /** The server's public keys, for ssh; default: the user's own. */
  readonly knownHostsFile?: string | undefined;
  /** Holds a token and nothing else, for https. */
  readonly tokenFile?: string | undefined;
}

/** Of the user's environment, what git and ssh need to reach the network. */
const passedOn = [
  "HTTPS_PROXY",
  "HTTP_PROXY",
  "NO_PROXY",
  "PATH",
  "SSH_AUTH_SOCK",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "TMPDIR",
  "http_proxy",
  "https_proxy",
  "no_proxy",
];

/** The transports git may use; `ext::` and the like run programs that the URL names. */
const transports = ["file", "http", "https", "ssh"] as const;
type Transport = (typeof transports)[number];

/**
 * The environment git runs in: no configuration of this machine's, no hooks, no questions, no submodules, one
 * transport. Secrets stand in files that it names, never in an argument or variable.
 */
export function makeGitEnvironment(
  url: string,
  {
    access,
    environment,
    home,
  }: {
    readonly access: GitAccess;
    readonly environment: Readonly<Record<string, string | undefined>>;
    /** A folder of ours: git finds no configuration there. */
    readonly home: string;
  },
): Record<string, string> {
  const transport = checkGitUrl(url);
  const settings: [string, string][] = [
    ["protocol.allow", "never"],
    [`protocol.${transport}.allow`, "always"],
    ["core.hooksPath", "/dev/null"],
    ["core.fsmonitor", "false"],
    ["submodule.recurse", "false"],
    ["fetch.fsckObjects", "true"],
    ["fetch.recurseSubmodules", "false"],
    ["gc.auto", "0"],
    ["maintenance.auto", "false"],
    ["transfer.bundleURI", "false"],
    // an empty one forgets the helpers that were named before
    ["credential.helper", ""],
    // a server that was asked for https must not send the token elsewhere
    ["http.followRedirects", "initial"],
    // the folder may have been made by another user, as volumes of pods are
    ["safe.directory", "*"],
  ];
  if (access.tokenFile !== undefined) settings.push(["credential.helper", tokenHelper]);
  const env: Record<string, string> = {
    HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "false",
    SSH_ASKPASS: "false",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_LAZY_FETCH: "1",
    GIT_SSH_COMMAND: sshCommand(access),
    LC_ALL: "C",
    GIT_CONFIG_COUNT: String(settings.length),
  };
  for (const [index, [key, value]] of settings.entries()) {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  if (access.tokenFile !== undefined) env["WOOW_GIT_TOKEN_FILE"] = access.tokenFile;
  for (const name of passedOn) {
    const value = environment[name];
    if (value !== undefined) env[name] = value;
  }
  env["PATH"] ??= ["/usr/local/bin", "/usr/bin", "/bin"].join(delimiter);
  return env;
}

/** Run by git's shell; `printf` is the shell's own, so the token is in no process list. */
const tokenHelper = `!f() { test "$1" = get || exit 0; printf 'username=git\\npassword=%s\\n' "$(cat "$WOOW_GIT_TOKEN_FILE")"; }; f`;

function sshCommand({ keyFile, knownHostsFile }: GitAccess): string {
  const options = ["ssh", "-o BatchMode=yes", "-o StrictHostKeyChecking=yes", "-o ConnectTimeout=20"];
  if (keyFile !== undefined)
    options.push("-F /dev/null", "-o IdentitiesOnly=yes", `-i ${quoteForShell(keyFile)}`);
  if (knownHostsFile !== undefined)
    options.push(`-o ${quoteForShell(`UserKnownHostsFile="${knownHostsFile}"`)}`);
  return options.join(" ");
}

function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * Which transport a URL asks for. Errors: `usage` for one that git would read as an option or run as a program, and
 * for one with a password in it, which would stand in process lists and logs.
 */
export function checkGitUrl(url: string): Transport {
  const refuse = (message: string, hint: string) =>
    new OperationError("usage", message, { subject: "--git", hint });
  const example = "write https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or a folder";
  if (url === "" || url.startsWith("-") || hasControls(url))
    throw refuse("--git is not the URL of a repository", example);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    if (/^[a-z0-9+.-]+::/i.test(url)) throw refuse("--git asks for a transport that runs programs", example);
    // as git reads it: a colon before the first slash is a host
    return /^[^/]+:/.test(url) ? "ssh" : "file";
  }
  const transport = transports.find((name) => name === scheme);
  if (transport === undefined) throw refuse(`--git cannot follow ${scheme}://`, example);
  if (/^[a-z]+:\/\/[^/@]*:[^/@]*@/i.test(url)) {
    throw refuse(
      "--git has a password in its URL, where process lists and logs show it",
      "take it out; use --git-token-file FILE for https, --git-key FILE for ssh",
    );
  }
  if (transport === "http" && !/^http:\/\/(127\.[0-9.]+|localhost|\[::1\])([:/]|$)/i.test(url)) {
    throw refuse("--git over plain http can be changed on its way", "use https or ssh");
  }
  return transport;
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text);
}
