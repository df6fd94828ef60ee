# Run once, by the image of PostgreSQL, on an empty volume: a database for each service, a role that
# serves and may only use its rows, and a role that owns the tables and migrates them.
for service in ingest content crm insights; do
    psql --quiet --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
        --set service="$service" --set owner="${service}_owner" <<SQL
\set serving \`cat /run/secrets/$service\`
\set owning \`cat /run/secrets/${service}_owner\`
CREATE ROLE :"owner" LOGIN PASSWORD :'owning';
CREATE ROLE :"service" LOGIN PASSWORD :'serving';
CREATE DATABASE :"service" OWNER :"owner" TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"service";
SQL
done
