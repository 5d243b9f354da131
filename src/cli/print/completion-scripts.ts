/** A shell that can be completed in. */
export type Shell = "bash" | "zsh" | "fish";

/** Each asks the woow that stands on the line, so that a copy called by its path completes too. */
export const completionScripts: Readonly<Record<Shell, string>> = {
  bash: `# woow completion for bash: add this to ~/.bashrc
#   source <(woow completion bash)
_woow() {
  local cur=\${COMP_WORDS[COMP_CWORD]} line
  COMPREPLY=()
  [[ $cur == "=" ]] && cur=""
  while IFS= read -r line; do
    case $line in
      :folders) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$cur") ;;
      :files) compopt -o filenames 2>/dev/null; while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur") ;;
      *) COMPREPLY+=("$line") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _woow woow
`,
  zsh: `#compdef woow
# woow completion for zsh: add this to ~/.zshrc, after compinit
#   source <(woow completion zsh)
_woow() {
  local line
  local -a values
  while IFS= read -r line; do
    case $line in
      :folders) _files -/; return ;;
      :files) _files; return ;;
      *$'\\t'*) values+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) values+=("\${line//:/\\\\:}") ;;
    esac
  done < <("\${words[1]}" __complete zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe woow values
}
if [[ $funcstack[1] == _woow ]]; then _woow "$@"; else compdef _woow woow; fi
`,
  fish: `# woow completion for fish: save this as ~/.config/fish/completions/woow.fish
#   woow completion fish > ~/.config/fish/completions/woow.fish
function __woow_complete
  set -l words (commandline -opc)
  set -l lines ($words[1] __complete fish -- $words[2..-1] (commandline -ct) 2>/dev/null)
  switch "$lines[1]"
    case :folders
      __fish_complete_directories (commandline -ct)
    case :files
      __fish_complete_path (commandline -ct)
    case '*'
      printf '%s\\n' $lines
  end
end
complete -c woow -f -a '(__woow_complete)'
`,
};
