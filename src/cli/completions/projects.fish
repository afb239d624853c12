
# Behind --project FILE# come the projects of that file.
function __buildspec_projects
    set -l word (string replace -r -- '^--project=' '' (commandline -ct))
    if string match -q -- '*#*' $word
        set -l file (string replace -r -- '#[^#]*$' '' $word)
        set -l there (string replace -r -- '^~/' "$HOME/" $file)
        for name in (buildspec completions --projects $there 2>/dev/null)
            echo "$file#$name"
        end
    end
end
