#!/bin/sh
# Pushes the task of this night. Says nothing and exits with 0 where that is done, and where an earlier push of it runs or
# has finished; exits with 1 where the task has failed, or waits although there is something wrong.
PATH="$PATH:/usr/local/bin" # cron looks for programs in /usr/bin and /bin only
ref="nightly-$(date +%F)"

said=$(tq push nightly run 1 --ref "$ref" 2>&1) && exit 0
status=$?
if [ $status -ne 4 ]; then # 4: a task has the ref already
  echo "$said" >&2
  exit $status
fi

waits=$(tq list --ref "$ref" --state ready --json) && [ "$waits" != "[]" ] && { tq status >&2 || exit 1; }
failed=$(tq list --ref "$ref" --state failed --json) && [ "$failed" = "[]" ] && exit 0
echo "nightly.sh: the task $ref has failed; when the cause is mended, run it again with tq retry and its id:" >&2
tq show --ref "$ref" >&2
exit 1
