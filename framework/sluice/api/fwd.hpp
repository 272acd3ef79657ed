#pragma once

namespace sluice {

template <class T>
class data_stream;
template <class T, class KeyF>
class keyed_stream;
template <class T, class KeyF, class Assigner>
class windowed_stream_of;
template <class A, class B>
class connected_streams;
template <class A, class B, class KeyA, class KeyB>
class connected_keyed_streams;
template <class T>
class iterative_stream;
class stream_environment;

} // namespace sluice
