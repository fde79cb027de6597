"""The models over many customers: likelihoods, fits and scores."""
