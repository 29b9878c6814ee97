"""What a run can learn from."""

import streamlit as st

st.title("Data")
