"""The requests as the platforms really send and sign them, written from their documents."""
