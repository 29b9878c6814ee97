"""What a GAN's images are worth to a classifier, by number of images a class."""
