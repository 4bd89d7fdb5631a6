# Completion of tq for bash. In ~/.bashrc: source <(tq completions bash)

# Sets REPLY to the word without its quotes and backslashes; the last quote may still be open.
_tq_unquoted() {
  local rest=$1 quote='' char
  REPLY=''
  while [[ $rest != '' ]]; do
    char=${rest:0:1}
    rest=${rest:1}
    if [[ $char == "$quote" ]]; then
      quote=''
    elif [[ $quote == '' && $char == [\"\'] ]]; then
      quote=$char
    elif [[ $char == \\ && ($quote == '' || ($quote == '"' && $rest == [\"\\\$\`]*)) ]]; then
      REPLY+=${rest:0:1}
      rest=${rest:1}
    else
      REPLY+=$char
    fi
  done
}

_tq() {
  local REPLY line=${COMP_LINE:0:COMP_POINT} word words=() index last
  COMPREPLY=()

  # Bash divides words at = and :, which names may have: they are joined again where no space is between them.
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    if ((index == COMP_CWORD)); then
      word=${line#"${line%%[![:space:]]*}"}
    fi
    if ((index == 0)) || [[ $line == [[:space:]]* || $line == "" ]]; then
      line=${line#"${line%%[![:space:]]*}"}
      words+=("$word")
    else
      words[${#words[@]} - 1]+=$word
    fi
    line=${line#"$word"}
  done
  last=$((${#words[@]} - 1))

  local quote='' current=${words[last]}
  case $current in
    \"* | \'*) quote=${current:0:1} ;;
  esac
  for ((index = 0; index <= last; index++)); do
    _tq_unquoted "${words[index]}"
    words[index]=$REPLY
  done
  current=${words[last]}

  local kind='' found=()
  while IFS= read -r word; do
    if [[ $kind == '' ]]; then kind=$word; else found+=("$word"); fi
  done < <("${words[0]/#\~\//$HOME/}" completions bash "${words[@]:1}" 2>/dev/null </dev/null)

  case $kind in
    files) compopt -o default 2>/dev/null ;;
    folders) compopt -o dirnames 2>/dev/null ;;
  esac

  # Readline replaces only what is behind the last = or :, unless a quote is open.
  local before=''
  [[ $quote == '' && $current == *[=:]* ]] && before=${current%"${current##*[=:]}"}
  for word in "${found[@]}"; do
    word=${word#"$before"}
    if [[ $quote == '' ]]; then
      printf -v word %q "$word"
      word=${word//\\,/,} # the commas of a list need no backslash
    elif [[ $word == *[\"\'\\\$\`!]* ]]; then
      continue
    fi
    COMPREPLY+=("$word")
  done
}

complete -F _tq tq
