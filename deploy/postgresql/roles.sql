-- The roles and the database of one service, made once by a superuser. For ingest (likewise content,
-- crm and insights; the passwords are psql's variables):
--   psql -v service=ingest -v owner_password=... -v password=... -f deploy/postgresql/roles.sql postgres
-- NAME_owner owns the tables and runs the migrations; NAME serves: it reads and writes rows, and the
-- row-level security of its tables holds for both.
\set ON_ERROR_STOP on
\set owner :service _owner
SET password_encryption = 'scram-sha-256';
CREATE ROLE :"owner" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
CREATE ROLE :"service" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"owner" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"service" TO :"service";
