"""What a device tree includes: pipeline.kernel.device_trees."""

from pipeline.kernel.device_trees import includes

BOARD = """\
/dts-v1/;
#include <dt-bindings/gpio/gpio.h>
#include <arm/acme/soc.dtsi>
  # include "../common/leds.dtsi"
/include/ "pins.dtsi"
// #include "gone.dtsi"
"""


def test_headers_and_device_trees_are_named_from_the_root() -> None:
    assert [*includes("arch/arm64/boot/dts/acme/board.dts", BOARD)] == [
        "include/dt-bindings/gpio/gpio.h",
        "arch/arm/boot/dts/acme/soc.dtsi",
        "arch/arm64/boot/dts/common/leds.dtsi",
        "arch/arm64/boot/dts/acme/pins.dtsi",
    ]
