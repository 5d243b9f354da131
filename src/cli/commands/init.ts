import { basename, relative, resolve } from "node:path";
import { initKeyFile, sampleRecipient } from "../../edges/age-keys.ts";
import { openDefinitionWriter } from "../../edges/definition-writer.ts";
import { ensureKeyFile, requireEmptyFolder } from "../../edges/key-file.ts";
import type { KeyFile } from "../../edges/key-file.ts";
import { sealTools } from "../../edges/seal-tools.ts";
import { openShippedFiles } from "../../edges/shipped-files.ts";
import { OperationError } from "../../errors.ts";
import {
  checkDomain,
  checkPlatformName,
  checkRecovery,
  initPlatform,
} from "../../operations/create/init-platform.ts";
import type { CliContext, GlobalFlags } from "../context.ts";
import { exitStatus } from "../exit-status.ts";
import { askText } from "../print/ask-values.ts";
import { escapeControls } from "../print/escape-controls.ts";
import { printEvent } from "../print/print-json.ts";
import { plural, printProblems } from "../print/print-problems.ts";
import { createPainter } from "../print/style.ts";
import { version } from "../version.ts";

export interface InitFlags extends GlobalFlags {
  readonly domain?: string;
  readonly context?: string;
  readonly name?: string;
  readonly recoveryRecipient?: string;
  readonly keyFile?: string;
}

/** woow init: a platform repository of one's own, and its key outside of it. */
export async function runInit(
  folder: string | undefined,
  flags: InitFlags,
  context: CliContext,
): Promise<number> {
  const json = flags.json === true;
  const root = resolve(folder ?? flags.directory ?? ".");
  requireEmptyFolder(root);
  const canAsk = context.canAsk && !json;
  const domain =
    flags.domain ??
    (canAsk
      ? await askText("The platform's domain, for example apps.example.com", {
          isRequired: true,
          check: checkDomain,
        })
      : undefined);
  if (domain === undefined) {
    throw new OperationError("usage", "what the new platform is to be is missing: --domain DOMAIN", {
      hint: "for example: woow init my-platform --domain apps.example.com; in a terminal it asks",
    });
  }
  checkDomain(domain);
  const name = flags.name ?? nameFrom(root, domain);
  checkPlatformName(name);
  const recoveryRecipient =
    flags.recoveryRecipient ??
    (canAsk ? await askText(recoveryQuestion, { check: checkOwnRecovery }) : undefined);
  checkOwnRecovery(recoveryRecipient);
  const usualKeyFile = initKeyFile(name, context.environment);
  const keyPath = flags.keyFile === undefined ? usualKeyFile : resolve(flags.keyFile);
  const key = ensureKeyFile(keyPath, {
    repository: root,
    platform: name,
    randomBytes: sealTools.randomBytes,
  });
  const shipped = openShippedFiles();
  const result = await initPlatform(
    { writer: openDefinitionWriter(root), tools: sealTools },
    {
      name,
      domain,
      context: flags.context,
      recipient: key.recipient,
      recoveryRecipient,
      version,
      shipped: new Map([...shipped.list("catalog"), ...shipped.list("charts"), ...shipped.list("schemas")]),
    },
  );
  if (!result.ok) {
    printProblems(result.problems, { context, json });
    return exitStatus.failed;
  }
  const hasRecovery = recoveryRecipient !== undefined;
  if (json) {
    const { path, recipient, isNew } = key;
    const event = {
      type: "platform",
      directory: root,
      name,
      domain,
      files: result.files,
      has_recovery: hasRecovery,
    };
    printEvent(context, { ...event, key_file: path, recipient, key_is_new: isNew } as { type: string });
    return exitStatus.done;
  }
  printResult(
    { root, files: result.files.length, key, isUsualPlace: keyPath === usualKeyFile, hasRecovery },
    context,
  );
  return exitStatus.done;
}

const recoveryQuestion =
  "Public key of a recovery key that is kept offline (age1..., made with age-keygen; empty: none)";

function checkOwnRecovery(recipient: string | undefined): void {
  checkRecovery(recipient);
  if (recipient !== sampleRecipient) return;
  throw new OperationError("usage", "the recovery recipient is woow's public sample key", {
    hint: "everybody has its private half; make a key of your own with age-keygen",
  });
}

/** A name from the folder, as far as it has usable letters, else from the domain. */
function nameFrom(root: string, domain: string): string {
  const clean = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .slice(0, 63)
      .replace(/^-+|-+$/g, "");
  return clean(basename(root)) || clean(domain);
}

function printResult(
  done: {
    readonly root: string;
    readonly files: number;
    readonly key: KeyFile;
    readonly isUsualPlace: boolean;
    readonly hasRecovery: boolean;
  },
  context: CliContext,
): void {
  const { root, key, isUsualPlace } = done;
  const paint = createPainter(context.colors.stdout);
  const way = relative(process.cwd(), root);
  const lines = [
    `${paint("green", "created")} a platform repository in ${escapeControls(root)} (${plural(done.files, "file")})`,
    "",
    `Its private key ${key.isNew ? "was made in" : "was there already:"} ${paint("bold", escapeControls(key.path))}`,
    "  It opens the passwords in this repository and is not part of it. Whoever loses it loses them:",
    "  keep a copy in a safe place.",
    isUsualPlace
      ? "  woow finds it there. Elsewhere name it: export WOOW_AGE_KEY_FILE=FILE (sops itself: SOPS_AGE_KEY_FILE)"
      : `  woow does not look there by itself: export WOOW_AGE_KEY_FILE=${escapeControls(key.path)} (sops itself: SOPS_AGE_KEY_FILE)`,
    "",
    "Next:",
    ...(way === "" ? [] : [`  cd ${quoteWord(escapeControls(way))}`]),
    "  woow validate && woow synth          # works now; manifests are in dist/",
    "  git init && git add . && git commit -m 'A platform'",
    "  woow create service                  # asks what it is to be",
    "Before the first apply fill in the lines marked TODO in platform.yaml.",
  ];
  context.stdout(`${lines.join("\n")}\n`);
  if (!done.hasRecovery) context.stderr(noRecoveryWarning(createPainter(context.colors.stderr)));
}

function noRecoveryWarning(paint: ReturnType<typeof createPainter>): string {
  return `${paint(["yellow", "bold"], "warning")}: there is no recovery key, so that key file alone opens the passwords
  ${paint("cyan", "hint")}: make a second key with age-keygen and keep it offline, then: woow secrets recipients add --all-workspaces age1...
`;
}

/** As a shell takes it for one word. */
function quoteWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
