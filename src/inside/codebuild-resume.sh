#!/bin/sh
# codebuild-resume: lets a build that codebuild-breakpoint paused go on.
echo "codebuild-resume: the build is not paused" >&2
exit 1
