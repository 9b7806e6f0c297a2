#!/bin/sh
# Starts a run every night at 01:00 UTC: with a line, each from where the last has got to; without one, the same each time
# (infra/README.md).
# Argument: a file with one JSON object, the run specification.
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE are the CLI's own.
set -eu
specification=${1:?usage: create-nightly.sh SPECIFICATION.json}

# --overlap-policy Skip        a run that is still going on is not joined by a second one on the same GPU
# --catchup-window             the default is a year: after an outage all missed nights would start at once
# --pause-on-failure           what fails, such as a specification that is refused, fails once, not every night. A broken
#                              endpoint is no failure: the run pauses itself, and Skip leaves out the nights until `resume`
temporal schedule create \
  --schedule-id maft-nightly \
  --calendar '{"hour":"1","minute":"0"}' \
  --time-zone UTC \
  --overlap-policy Skip \
  --catchup-window 1h \
  --pause-on-failure \
  --workflow-id maft/nightly \
  --type multiagentFinetuning \
  --task-queue maft \
  --input-file "$specification"
