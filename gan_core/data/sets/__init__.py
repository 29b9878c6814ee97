"""The datasets, a module each or a family of kin: a new file here is a new dataset."""
