"""What a job is: frozen dataclasses, standard library only."""
