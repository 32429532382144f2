;; Copies 16-bit units between a Wasm array, which JavaScript cannot look into, and memory, which it can.
;; `strings.wasm` is this text, assembled.
(module
  (type $units (array (mut i16)))
  (memory (export "memory") 1)

  ;; Writes `count` units of the array, from `start`, to the beginning of the memory.
  (func (export "read") (param $array (ref null $units)) (param $start i32) (param $count i32)
    (local $at i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $count)))
        (i32.store16
          (i32.shl (local.get $at) (i32.const 1))
          (array.get_u $units (local.get $array) (i32.add (local.get $start) (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next))))

  ;; Writes `count` units from the beginning of the memory into the array, from `start`.
  (func (export "write") (param $array (ref null $units)) (param $start i32) (param $count i32)
    (local $at i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $count)))
        (array.set $units
          (local.get $array)
          (i32.add (local.get $start) (local.get $at))
          (i32.load16_u (i32.shl (local.get $at) (i32.const 1))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))))
