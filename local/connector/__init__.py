"""The custom connector of Power Automate: read, built, checked and shown as its makers meet it."""
