#compdef tq
# Completion of tq for zsh. In ~/.zshrc, behind compinit: source <(tq completions zsh)

_tq() {
  local -a given lines
  local kind
  given=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
  lines=("${(@f)$("${(Q)words[1]/#\~\//$HOME/}" completions zsh "${given[@]}" 2>/dev/null </dev/null)}")
  kind=$lines[1]
  shift lines
  case $kind in
    files)
      compset -P '--*='
      _files
      ;;
    folders)
      compset -P '--*='
      _files -/
      ;;
    words)
      (( $#lines )) && _describe -t tq tq lines
      ;;
  esac
}

# As a file _tq in a folder of fpath it is the function itself; else it is read by source.
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
  _tq "$@"
elif (( $+functions[compdef] )); then
  compdef _tq tq
else
  print -u2 'tq: Cannot complete: run "autoload -U compinit; compinit" before'
fi
