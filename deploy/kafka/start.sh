#!/bin/sh
# Starts one Kafka node; the first time it formats its volume for this cluster.
set -eu
case ",$KAFKA_VOTERS," in
*"@$KAFKA_HOST:"*) ;;
*)
    echo "$KAFKA_HOST is none of KAFKA_VOTERS ($KAFKA_VOTERS): three brokers need the .env of" \
        "mediaops init-env --brokers 3" >&2
    exit 1
    ;;
esac
properties=/etc/mediaops/server.properties
/opt/kafka/bin/kafka-storage.sh format --ignore-formatted \
    --cluster-id "$KAFKA_CLUSTER_ID" --config "$properties"
exec /opt/kafka/bin/kafka-server-start.sh "$properties"
