"""Maps the folder `assets` into the package as `lab.assets`; everything else is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["lab", "lab.*"]), "lab.assets"],
    include_package_data=False,  # only what is named: else each folder of assets is taken for a package
    package_dir={"lab.assets": "assets"},
    package_data={"lab": ["py.typed"], "lab.tape": ["*.pyi"], "lab.assets": ["*.svg", "fonts/*", "marks/*.svg", "lessons/*.toml", "gpt/*"]},
)
