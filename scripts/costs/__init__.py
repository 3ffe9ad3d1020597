"""What a stage costs, from its templates, its settings and a price file. Makes no network calls, changes nothing."""
