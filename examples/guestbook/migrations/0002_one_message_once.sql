CREATE UNIQUE INDEX entries_once ON entries (name, message);
