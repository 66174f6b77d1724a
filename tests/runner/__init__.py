"""What tests/run is made of: one module per idea, standard library only."""
