"""What a GAN is, in a few pictures."""

import streamlit as st

st.title("Learn")
