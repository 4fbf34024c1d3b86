"""The paper's tables 9 to 12, and this project's figures beside them."""
