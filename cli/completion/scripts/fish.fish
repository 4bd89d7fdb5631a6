# Completion of tq for fish: mkdir -p ~/.config/fish/completions && tq completions fish > ~/.config/fish/completions/tq.fish

function __tq_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l typed (commandline -ct)
    # A quote that is still open cannot be unescaped.
    set -l current (string unescape -- "$typed"; or string replace -r '^["\']' '' -- "$typed")
    set -l lines ($program completions fish $words "$current" 2>/dev/null </dev/null)
    set -l kind $lines[1]
    set -e lines[1]
    # In a value behind --flag= the path alone is completed.
    set -l before (string match -r '^--[^=]*=' -- "$current")
    set -l path (string replace -r '^--[^=]*=' '' -- "$current")
    switch "$kind"
        case files
            for found in (__fish_complete_path "$path")
                printf '%s%s\n' "$before" "$found"
            end
        case folders
            for found in (__fish_complete_directories "$path")
                printf '%s%s\n' "$before" "$found"
            end
        case words
            test (count $lines) -gt 0; and printf '%s\n' $lines
    end
end

complete -c tq -e
complete -c tq -k -f -a '(__tq_complete)'
