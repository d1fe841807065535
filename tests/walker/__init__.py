"""An independent walker of random bodies: what the flow interpreter says of them must agree with running them."""
