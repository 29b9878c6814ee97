import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy

images = load_images()  # float [60000, 784], from -1 to 1

# Two networks of one layer each. G: 100 random numbers in,
# a picture out. D: a picture in, "how likely is it real?" out.
generator = nn.Sequential(nn.Linear(100, 784), nn.Tanh())
discriminator = nn.Sequential(nn.Linear(784, 1), nn.Sigmoid())

g_optimizer = torch.optim.Adam(generator.parameters(), lr=0.001)
d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.001)
real_label, fake_label = torch.ones(100, 1), torch.zeros(100, 1)

for epoch in range(100):
    for real in images[torch.randperm(len(images))].split(100):
        # D learns: real pictures should get 1, made-up ones 0.
        fake = generator(torch.randn(100, 100))
        d_loss = (
            binary_cross_entropy(discriminator(real), real_label)
            + binary_cross_entropy(discriminator(fake.detach()), fake_label)
        )
        d_optimizer.zero_grad()
        d_loss.backward()
        d_optimizer.step()

        # G learns: its pictures should get 1. It sees no real one.
        g_loss = binary_cross_entropy(discriminator(fake), real_label)
        g_optimizer.zero_grad()
        g_loss.backward()
        g_optimizer.step()
