# Run once, by the image of PostgreSQL, on an empty volume: roles.sql for each service, with the
# passwords that are mounted.
for service in ingest content crm insights; do
    psql --quiet --username postgres --dbname postgres --set service="$service" <<SQL
\set owner_password \`cat /run/secrets/${service}_owner\`
\set password \`cat /run/secrets/$service\`
\i /etc/mediaops/roles.sql
SQL
done
