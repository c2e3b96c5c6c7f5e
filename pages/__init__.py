"""What the pages of every door are made of: template tags, lists, forms and the figures they show."""
