"""The papers of an election: minutes and poll book, their signature, and the package kept two years."""
