import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy

images = load_images()  # float [60000, 784], from -1 to 1

# Two networks: one layer each, as small as a GAN can be.
generator = nn.Sequential(nn.Linear(100, 784), nn.Tanh())  # 100 random numbers in, a picture out
discriminator = nn.Sequential(nn.Linear(784, 1), nn.Sigmoid())  # a picture in, out: how likely is it real?

g_optimizer = torch.optim.Adam(generator.parameters(), lr=0.001)
d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.001)
real_label, fake_label = torch.ones(100, 1), torch.zeros(100, 1)

for epoch in range(100):
    for real in images[torch.randperm(len(images))].split(100):
        # The discriminator learns: real pictures should get 1, made-up ones 0.
        fake = generator(torch.randn(100, 100))
        d_loss = (
            binary_cross_entropy(discriminator(real), real_label)
            + binary_cross_entropy(discriminator(fake.detach()), fake_label)
        )
        d_optimizer.zero_grad()
        d_loss.backward()
        d_optimizer.step()

        # The generator learns: its pictures should get 1. It never sees a real one.
        g_loss = binary_cross_entropy(discriminator(fake), real_label)
        g_optimizer.zero_grad()
        g_loss.backward()
        g_optimizer.step()
