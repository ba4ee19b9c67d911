#!/bin/sh
# The double's controls with curl. QUNZHU_URL, QUNZHU_APP, QUNZHU_ADMIN and QUNZHU_USERSIG say which app, for example:
#
#   qunzhu serve --demo
#   QUNZHU_URL=http://127.0.0.1:8140 QUNZHU_APP=1400000000 QUNZHU_ADMIN=administrator \
#       QUNZHU_USERSIG=$(qunzhu usersig administrator) sh controls.sh
set -eu
query="sdkappid=$QUNZHU_APP&identifier=$QUNZHU_ADMIN&usersig=$QUNZHU_USERSIG&random=1&contenttype=json"
control() { curl -fsS "$QUNZHU_URL/double/$1?$query" -d "$2"; }
rest() { curl -fsS "$QUNZHU_URL/v4/$1?$query" -d "$2"; }
# field NAME: a field of the answer on standard input, which is one object without blanks between its fields.
field() { sed -E "s/.*\"$1\":\"?([^\",}]*).*/\1/"; }

# The next create_group is refused.
control faults '{"add": [{"command": "create_group", "code": 10006, "text": "enough for today", "times": 1}]}' >/dev/null
answer=$(rest group_open_http_svc/create_group '{"Type": "Public", "Name": "Tea"}')
echo "$(echo "$answer" | field ErrorCode) $(echo "$answer" | field ErrorInfo)"

# Ten days later.
rest group_open_http_svc/create_group '{"Type": "Public", "Name": "Tea"}' >/dev/null
ahead=$(control clock '{"advance": 864000}' | field ahead)
echo "$((${ahead%.*} / 86400)) days ahead"

# As at first.
control reset '{}' >/dev/null
echo "$(rest group_open_http_svc/get_appid_group_list '{}' | field TotalCount) groups"
