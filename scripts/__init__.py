"""What azd and Bicep cannot do: put secrets into the vault, and say what is left. Standard library and az only."""
