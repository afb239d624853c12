
# Behind --project FILE# come the projects of that file.
_buildspec_projects() {
    local file=${(Q)PREFIX%\#*}
    if compset -P '*\#'; then
        local -a names
        names=(${(f)"$(_call_program projects buildspec completions --projects ${(q)${~file}} 2>/dev/null)"})
        compadd -a names
    else
        _files
    fi
}

