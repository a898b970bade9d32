-- Users, roles, profiles, quotas and their grants; what is granted on, the admin must hold with grant option.
GRANT ACCESS MANAGEMENT, SHOW ACCESS ON *.* TO zakaz_role_admin
