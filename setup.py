"""Maps the folder `assets` into the package as `lab.assets`; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["lab", "lab.*"]), "lab.assets"],
    include_package_data=False,  # else each folder of assets is taken for a package
    package_dir={"lab.assets": "assets"},
    # All of assets by rule, whatever folder comes next; the pictures of the README stay with it.
    package_data={"": ["py.typed", "*.pyi"], "lab.assets": ["**/*"]},
    exclude_package_data={"": ["__pycache__/*"], "lab.assets": ["screenshots/*"]},
)
