#!/bin/sh
# What `maft schedule apply infra/schedules/nightly.yaml` creates, by Temporal's own command line (infra/README.md).
# Argument: a file with one JSON object, the run specification, such as examples/tiny-night.json.
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE are the CLI's own.
set -eu
specification=${1:?usage: create-nightly.sh SPECIFICATION.json}

# --overlap-policy Skip        a run that is still going on is not joined by a second one on the same GPU
# --catchup-window             the default is a year: after an outage all missed nights would start at once
# --pause-on-failure           what fails, such as a specification that is refused, fails once, not every night. A broken
#                              endpoint is no failure: the run pauses itself, and Skip leaves out the nights until `resume`
#                              or until its deadline (limits.deadline)
temporal schedule create \
  --schedule-id nightly \
  --cron '0 1 * * *' \
  --time-zone Europe/Berlin \
  --overlap-policy Skip \
  --catchup-window 1h \
  --pause-on-failure \
  --workflow-id maft/nightly \
  --type multiagentFinetuning \
  --task-queue maft \
  --input-file "$specification"
