"""What is stored: tables, encryption, the database, queries, and the spool for when it is away."""
