"""What goes to Azure, and does it start there? The package of the function app, built and tried (./dev package)."""
