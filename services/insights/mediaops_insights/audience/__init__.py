"""Who was active, as actors: by channel and day; and what crm says of people."""
