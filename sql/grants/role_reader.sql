-- What DataLens and other readers may do: see the views, nothing else.
-- granted_to: zakaz_datalens_reader
CREATE ROLE IF NOT EXISTS zakaz_role_reader
