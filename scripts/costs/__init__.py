"""What a stage costs, from its templates, its settings and a file of prices. Asks nobody and changes nothing."""
