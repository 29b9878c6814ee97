import numpy as np
from keras import Input, Sequential
from keras.layers import Dense
from keras.optimizers import Adam

images = load_images()  # float32 [60000, 784], from -1 to 1

generator = Sequential([Input((100,)), Dense(784, activation="tanh")])
discriminator = Sequential([Input((784,)), Dense(1, activation="sigmoid")])
discriminator.compile(loss="binary_crossentropy", optimizer=Adam(learning_rate=0.001))

discriminator.trainable = False
gan = Sequential([Input((100,)), generator, discriminator])
gan.compile(loss="binary_crossentropy", optimizer=Adam(learning_rate=0.001))
labels = np.concatenate([np.ones((100, 1)), np.zeros((100, 1))])

for epoch in range(100):
    for batch in range(len(images) // 100):
        real = images[np.random.randint(0, len(images), 100)]
        fake = generator.predict_on_batch(np.random.normal(0, 1, (100, 100)))
        discriminator.trainable = True
        d_loss = discriminator.train_on_batch(np.concatenate([real, fake]), labels)
        discriminator.trainable = False
        g_loss = gan.train_on_batch(np.random.normal(0, 1, (100, 100)), np.ones((100, 1)))
    print(epoch, float(d_loss), float(g_loss))
