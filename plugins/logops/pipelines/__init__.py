"""What an agent makes of the lines of a source: a pure model, samples in, entries out."""
