-- What DataLens and other readers may do: see the views, nothing else.
-- granted_to: datalens_reader
CREATE ROLE IF NOT EXISTS role_reader
