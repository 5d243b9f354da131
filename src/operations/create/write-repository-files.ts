/** What the files around the definitions have to know. */
export interface RepositoryText {
  readonly name: string;
  readonly domain: string;
  /** woow's own version, pinned exactly: another one may write other manifests. */
  readonly version: string;
  /** The context still has to be filled in. */
  readonly isUnfilled: boolean;
}

/** The files that make a folder with definitions a repository to work in: path -> text. */
export function writeRepositoryFiles(repository: RepositoryText): Map<string, string> {
  return new Map([
    [".gitignore", gitignore],
    ["README.md", writeReadme(repository)],
    ["cdk8s.yaml", cdk8sYaml],
    ["package.json", writePackageJson(repository)],
  ]);
}

const gitignore = `# manifests hold secrets in plain text; woow synth makes them again
dist/
node_modules/
# revisions and caches of this machine
.woow/
# what a command that was killed left half written
.woow-*
# private keys
*.agekey
`;

const cdk8sYaml = `# cdk8s synth runs woow's own command, so both write the same dist/.
language: typescript
app: npx --no woow synth
output: dist
`;

/**
 * The version stands in `engines`, which installs nothing: woow is in no registry yet, and a dependency on a name
 * that nobody holds would run whatever a stranger publishes under it.
 */
function writePackageJson({ name, version }: RepositoryText): string {
  const content = {
    name,
    version: "0.0.0",
    private: true,
    description: "A platform run by woow",
    scripts: { validate: "woow validate", synth: "woow synth" },
    engines: { woow: version },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function writeReadme({ name, domain, version, isUnfilled }: RepositoryText): string {
  const todo = isUnfilled
    ? "the kubeconfig context and the addresses of the nodes"
    : "the addresses of the nodes";
  return `# ${name}

A platform on K3s, described in YAML and run by woow. Apps are reached below \`${domain}\`.

| place | what |
|---|---|
| \`platform.yaml\` | domain, clusters, defaults; \`TODO\` marks what only you know: ${todo} |
| \`catalog/\` | the apps one can order |
| \`charts/\` | Helm charts of our own |
| \`workspaces/<workspace>/\` | a tenant: \`workspace.yaml\` and one file for each service |
| \`.sops.yaml\` | who can read the encrypted passwords in \`workspaces/\` |
| \`schemas/\` | what editors check these files against |

\`\`\`
woow validate                                    # every problem, with its line
woow synth                                       # manifests in dist/
woow catalog list
woow create workspace acme --member alice@acme.example=owner
woow create service postgresql -w acme
\`\`\`

Made with woow ${version}; \`package.json\` says so under \`engines\`. To have it here as \`npx woow\`, make an archive with \`npm pack\`
in a clone of woow and \`npm install --save-dev --save-exact\` that file.

Passwords are encrypted in git; the private key that opens them is not here. Whoever works on this repository needs it:
keep a copy in a safe place, because without it nothing in \`secret_values\` can be read again.
`;
}
