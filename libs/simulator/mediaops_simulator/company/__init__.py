"""One seed, one believable company: who runs which account, who comes, and what they do."""
