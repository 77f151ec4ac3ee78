"""Products of float32 on matrix tiles (Intel AMX), at the precision of float32.

Tiles multiply bfloat16 and add up in float32, sixteen times as fast as vectors of float32.
A float32 has 24 bits of precision and is exactly the sum of three numbers of 8 bits,
x = x₁ + x₂ + x₃, each of which is a bfloat16. Of the nine products of two such sums, six reach the
24 bits of the result (x₁y₁, x₁y₂, x₂y₁, x₂y₂, x₁y₃, x₃y₁); the other three are smaller by 2⁻²⁴ and
more. Six tile products for one leave a factor of 2.7 over vectors of float32.

    split.py     a pair of float32 vectors as three vectors of pairs of bfloat16
    staging.py   operands as tiles or as planes of pairs in scratch memory
    kernel.py    the inner loops over tiles
    exact.py     sums that met an infinity, once more in float32 (∞ has no such three terms)
    frame.py     the functions of a contraction: prepare, main, finish
    product.py   matrix products
    windows.py   convolutions and their adjoints in the input
    weights.py   the adjoints of convolutions in the kernel
"""
