
# Behind --project FILE# come the projects of that file.
_buildspec_projects() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"
    if [[ $prev == = ]]; then prev="${COMP_WORDS[COMP_CWORD-2]}"; fi
    if [[ $prev == --project && $cur == *"#"* ]]; then
        local file="${cur%"#"*}" begun="${cur##*"#"}" name
        file="${file//\\/}"
        COMPREPLY=()
        while IFS= read -r name; do
            if [[ $name == "$begun"* ]]; then COMPREPLY+=("${cur%"#"*}#$name"); fi
        done < <("${COMP_WORDS[0]}" completions --projects "${file/#"~/"/"$HOME/"}" 2>/dev/null)
        return 0
    fi
    _buildspec "$@"
}
complete -F _buildspec_projects -o bashdefault -o default buildspec
