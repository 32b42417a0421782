#!/bin/sh
# Serves once, so that Node keeps what it has compiled, and leaves that to the user who is to start from it.
#   fill-compile-cache.sh FOLDER UID
set -eu
folder=$1 user=$2
sockets=$(mktemp -d)

# Portable: files are known by where they lie beside the folder.
export NODE_COMPILE_CACHE="$folder" NODE_COMPILE_CACHE_PORTABLE=1
export DOORWARD_SERVER_LISTEN="unix:$sockets/server" DOORWARD_ADMIN_LISTEN="unix:$sockets/admin"
export DOORWARD_SERVER_PUBLIC_URL=http://localhost DOORWARD_SERVER_DRAIN_DELAY=0s
# Nobody is asked: nothing listens at port 9.
export DOORWARD_PROVIDER_ISSUER=http://localhost:9 DOORWARD_PROVIDER_CLIENT_ID=nobody DOORWARD_UPSTREAM_URL=http://localhost:9

node dist/main.js serve &
while sleep 1; ! node dist/main.js healthcheck; do kill -0 "$!"; done
# It is written at the end.
kill "$!"
wait "$!"

# Node has a folder for each user, whose number is the end of its name, and files for that user's eyes alone.
for made in "$folder"/*; do mv "$made" "${made%-*}-$user"; done
chmod -R a+rX "$folder"
rm -r "$sockets"
